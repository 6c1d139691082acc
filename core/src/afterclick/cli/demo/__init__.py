"""`afterclick demo`: the main job, on this machine, in half a minute, without an account."""
