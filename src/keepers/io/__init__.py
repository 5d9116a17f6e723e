"""From files to photos: the only room that opens image files."""
