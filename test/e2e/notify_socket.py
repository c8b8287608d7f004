#!/usr/bin/env python3
"""notify_socket.py PATH COMMAND...: stands for systemd. Prints what is told to the socket at PATH, a line each message;
after READY=1 it runs the command at once and prints its exit code."""
import os
import socket
import subprocess
import sys

heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1] + ".new")
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    message = heard.recv(65536).decode().replace("\n", " ")
    print(message, flush=True)
    if message.split()[0] == "READY=1":
        print("then:", subprocess.run(sys.argv[2:], capture_output=True).returncode, flush=True)
