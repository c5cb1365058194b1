"""The peer that people write first: FastAPI around an XGBoost booster, one CSV row per request.

Written to be as fast as the pair allows: raw body, no pydantic, no DataFrame, one thread, uvloop
and httptools. It listens on the given port of the loopback address.
"""

import sys

import numpy
import uvicorn
import xgboost
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

booster = xgboost.Booster({"nthread": 1})
with open(sys.argv[1], "rb") as model:
    booster.load_model(bytearray(model.read()))
booster.set_param({"nthread": 1})

app = FastAPI()


@app.post("/invocations")
async def invocations(request: Request) -> PlainTextResponse:
    body = await request.body()
    rows = [row.split(b",") for row in body.splitlines()]
    scores = booster.inplace_predict(numpy.array(rows, dtype=numpy.float32))
    lines = [",".join(map(repr, row)) for row in scores.tolist()]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/csv")


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[2]),
        workers=1,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
