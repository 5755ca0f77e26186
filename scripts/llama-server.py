"""llama.cpp's own server, as the package xllamacpp ships it: llama-server.py MODEL PORT."""

import os
import sys
import time

import xllamacpp

model, port = sys.argv[1], int(sys.argv[2])
params = xllamacpp.CommonParams()
params.model.path = model
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_ctx = 2048
params.n_parallel = 1
params.cpuparams.n_threads = int(os.environ.get("THREADS", "2"))
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
while True:
    time.sleep(3600)
