"""The catalog: all SQL of keepers, and the numbered migrations."""
