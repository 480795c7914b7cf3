-- A snapshot's members, whichever generations were begun.
DELETE FROM crowd_snapshots WHERE snapshot = {snapshot:String}
