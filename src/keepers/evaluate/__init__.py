"""How right keepers is on photos that somebody has labelled: manifests in, tables and figures out.

Statistics are pure functions on arrays; nothing here opens a photo except the contact sheet.
"""
