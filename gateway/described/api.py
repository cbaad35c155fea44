"""The routes of the descriptions; each is made when it is first asked for."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def _openapi(_: Request) -> Response:
    from gateway.described.openapi import openapi  # made of every schema, and seldom asked for

    return JSONResponse(openapi())


async def _asyncapi(_: Request) -> Response:
    from gateway.described.asyncapi import asyncapi

    return JSONResponse(asyncapi())


ROUTES = [
    Route("/openapi.json", _openapi, methods=["GET"]),
    Route("/asyncapi.json", _asyncapi, methods=["GET"]),
]
