#!/bin/bash
# Whether the server in this container can answer: /readyz says 200. bash speaks TCP by itself, so that
# the image needs no HTTP client that an intruder could use.
exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}" || exit 1
printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]
