"""The real stores behind the API's ports: one module a need, put together by `wiring`."""
