/** The order and colour of the tag dimensions; one that isn't listed comes last, under its own name. */

const FAMILIES: [string, RegExp][] = [
  ['basic', /^(basic|attribute|demograph)/],
  ['purchasing', /^(purchas|spend|value|rfm)/],
  ['behaviour', /^behavi/],
  ['interest', /^interest/],
  ['psychology', /^psycho/],
  ['social', /^social/],
  ['risk', /^risk/],
]

/** The family of a dimension's name (`purchasing_power` is `purchasing`), or null when it is one of the reader's own. */
export function family(dimension: string): string | null {
  return FAMILIES.find(([, names]) => names.test(dimension.toLowerCase()))?.[0] ?? null
}

export function dimensionColour(dimension: string): string {
  return `var(--dim-${family(dimension) ?? 'other'})`
}

/** `my_dimension` as "My dimension". */
export function humanise(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim()
  return words ? words[0]!.toUpperCase() + words.slice(1) : name
}

/** For sorting: the known families in their order, then the rest by name. */
export function byDimension(a: string, b: string): number {
  const place = (name: string) => {
    const index = FAMILIES.findIndex(([known]) => known === family(name))
    return index < 0 ? FAMILIES.length : index
  }
  return place(a) - place(b) || a.localeCompare(b)
}
