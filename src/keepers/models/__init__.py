"""Networks behind one Protocol: sessions that run them and a zoo that knows name, sha256, licence and source."""
