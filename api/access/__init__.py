"""Who asks, and what they may: declared beside each route, checked in one place, and every change recorded."""
