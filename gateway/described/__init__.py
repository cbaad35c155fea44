"""What the doors say of themselves: `/openapi.json` and `/asyncapi.json`."""
