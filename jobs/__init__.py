"""Everything that writes derived data: the Flink job, the sinks, the clock, the parity check. One file a job."""
