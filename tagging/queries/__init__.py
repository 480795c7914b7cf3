"""An analyst's query over the documented views: read, allowed node by node, and written anew for ClickHouse."""
