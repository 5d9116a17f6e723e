"""From evidence to facts to opinions: orchestration without files."""
