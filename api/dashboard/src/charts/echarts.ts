/** The parts of ECharts that are used, in one chunk that pages load when they draw. */
import { BarChart, GraphChart, HeatmapChart, LineChart, SankeyChart, type BarSeriesOption, type GraphSeriesOption, type HeatmapSeriesOption, type LineSeriesOption, type SankeySeriesOption } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent, type GridComponentOption, type LegendComponentOption, type TooltipComponentOption, type VisualMapComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([LineChart, BarChart, GraphChart, HeatmapChart, SankeyChart, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent, CanvasRenderer])

export type ChartOption = ComposeOption<LineSeriesOption | BarSeriesOption | GraphSeriesOption | HeatmapSeriesOption | SankeySeriesOption | GridComponentOption | LegendComponentOption | TooltipComponentOption | VisualMapComponentOption>
export type Chart = EChartsType
export { init }
