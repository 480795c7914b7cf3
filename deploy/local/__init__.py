"""The local stack: every service that Tagstream needs, as real processes on this machine, bound to loopback."""
