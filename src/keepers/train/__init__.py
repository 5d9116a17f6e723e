"""Training, evaluation and export: the optional extra `keepers[train]`. Nothing at run time imports this room."""
