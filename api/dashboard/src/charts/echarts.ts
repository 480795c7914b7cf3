/** The parts of ECharts that are used, in one chunk that pages load when they draw. */
import { BarChart, GraphChart, HeatmapChart, LineChart, SankeyChart, ScatterChart, type BarSeriesOption, type GraphSeriesOption, type HeatmapSeriesOption, type LineSeriesOption, type SankeySeriesOption, type ScatterSeriesOption } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, type GridComponentOption, type LegendComponentOption, type MarkLineComponentOption, type TooltipComponentOption, type VisualMapComponentOption } from 'echarts/components'
import { init, use, type ComposeOption, type EChartsType } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([LineChart, BarChart, GraphChart, HeatmapChart, SankeyChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, CanvasRenderer])

export type ChartOption = ComposeOption<LineSeriesOption | BarSeriesOption | GraphSeriesOption | HeatmapSeriesOption | SankeySeriesOption | ScatterSeriesOption | GridComponentOption | LegendComponentOption | MarkLineComponentOption | TooltipComponentOption | VisualMapComponentOption>
export type Chart = EChartsType
export { init }
