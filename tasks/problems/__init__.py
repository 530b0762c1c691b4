"""The bundled problem set `caopd_math`."""
