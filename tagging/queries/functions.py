"""The functions that a query may call, in lower case. None of them reads anything but its arguments."""

from __future__ import annotations

AGGREGATES = frozenset(
    [
        "any",
        "anylast",
        "argmax",
        "argmin",
        "avg",
        "corr",
        "count",
        "first_value",
        "grouparray",
        "groupuniqarray",
        "histogram",
        "last_value",
        "max",
        "median",
        "min",
        "quantile",
        "quantileexact",
        "quantiles",
        "retention",
        "stddevpop",
        "stddevsamp",
        "sum",
        "topk",
        "uniq",
        "uniqcombined",
        "uniqexact",
        "varpop",
        "varsamp",
        "windowfunnel",
    ]
)
"""Each also with `If` behind it: countIf, sumIf, ..."""

_WINDOWS = "dense_rank lag laginframe lead leadinframe ntile rank row_number"
_CONDITIONS = "assumenotnull coalesce greatest if ifnull isnotnull isnull least multiif nullif tonullable empty notempty and or not"
_NUMBERS = "abs ceil exp floor intdiv intdivorzero log log10 log2 modulo pow power round sign sqrt"
_TEXTS = """concat endswith ilike length lengthutf8 like lower match position replaceall replaceone splitbychar splitbystring
    startswith substring substringutf8 tostring trim trimboth trimleft trimright upper"""
_CASTS = """tobool todate todatetime todatetime64 tofloat64 tofloat64ornull toint32 toint64 toint64ornull touint32 touint64
    touint64ornull totypename"""
_TIMES = """adddays addhours addminutes addmonths addweeks datediff formatdatetime fromunixtimestamp now
    subtractdays subtracthours subtractminutes subtractmonths subtractweeks timeslot today todayofmonth todayofweek tohour
    tointervalday tointervalhour tointervalminute tointervalmonth tointervalweek tominute tomonday tomonth tosecond
    tostartofday tostartoffifteenminutes tostartoffiveminutes tostartofhour tostartofinterval tostartofminute tostartofmonth
    tostartofquarter tostartofweek tostartofyear totimezone tounixtimestamp tounixtimestamp64milli toyear toyyyymm toyyyymmdd
    yesterday"""
_COLLECTIONS = """array arrayconcat arraydistinct arrayelement arrayjoin arrayreverse arrayslice arraysort arraysum has hasall
    hasany indexof map mapcontains mapkeys mapvalues tuple tupleelement"""
_JSON = "jsonextractbool jsonextractfloat jsonextractint jsonextractstring jsonhas"

FUNCTIONS = AGGREGATES | frozenset(
    " ".join((_WINDOWS, _CONDITIONS, _NUMBERS, _TEXTS, _CASTS, _TIMES, _COLLECTIONS, _JSON)).split()
)

_CONDITIONAL = "if"
INSTEAD = {
    "now64": "now()",
    "current_timestamp": "now()",
    "extract": "toYear(time), toMonth(time), toHour(time)",
    "date_trunc": "toStartOfDay(time), toStartOfHour(time)",
    "substr": "substring(text, from, length)",
    "groupconcat": "groupArray(value)",
}


def is_allowed(name: str) -> bool:
    """Whether a query may call a function. ClickHouse itself refuses a name in the wrong case."""
    name = name.lower()
    return name in FUNCTIONS or (name.endswith(_CONDITIONAL) and name.removesuffix(_CONDITIONAL) in AGGREGATES)
