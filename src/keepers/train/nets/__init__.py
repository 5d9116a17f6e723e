"""The two networks that culling uses, trained on captures: `focus` looks at patches, `whole` at the whole photo."""
