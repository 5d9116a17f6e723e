"""Arrays in, arrays or floats out: no files, no settings, no state."""
