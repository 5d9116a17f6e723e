"""From clean photos to a labelled set of flawed ones, with splits that keep one source on one side."""
