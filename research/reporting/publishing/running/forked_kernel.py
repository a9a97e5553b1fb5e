"""A Jupyter kernel that is a fork of a process which has the libraries imported: ready in a tenth of the time.

The fork is made first, while its parent has no thread, loop or socket of its own, and waits until it is told which
connection file, folder and environment to run with. From then on it is an ordinary kernel in a session of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

DIED_EARLY = "Kernel died before replying to kernel_info"
"""What Jupyter says of such a kernel, whoever started it."""
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel of the system kill this process when its parent dies (Linux; elsewhere this does nothing)."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it was asked
        os._exit(1)


class WaitingKernel:
    """A forked process that waits to become a kernel; it looks like a `subprocess.Popen`, as far as Jupyter looks."""

    stdin = stdout = stderr = None

    def __init__(self, *inherited: int) -> None:
        """Fork. `inherited` are file descriptors that the kernel must not keep open."""
        self._channel, theirs = socket.socketpair()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._channel.close()
                for descriptor in inherited:
                    os.close(descriptor)
                _become_kernel(theirs)
            finally:
                os._exit(1)
        theirs.close()
        self._channel.recv(1)  # it has a process group of its own: from now on it can be stopped without its parent

    def start(self, command: list[str], environment: Mapping[str, str], folder: str | None) -> None:
        """Let it run what `command`, which starts a kernel in a fresh interpreter, would run there."""
        module = command.index("ipykernel_launcher")
        told = {"argv": command[module:], "env": dict(environment), "cwd": os.fspath(folder or Path.cwd())}
        self._channel.sendall(json.dumps(told).encode())
        self._channel.close()

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        deadline = time.monotonic() + (timeout or float("inf"))
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _become_kernel(channel: socket.socket) -> None:
    os.setsid()
    end_with_parent()
    channel.sendall(b"1")
    with channel.makefile("rb") as stream:
        told = stream.read()
    channel.close()
    if not told:  # the job ended before it came to its notebook
        os._exit(0)
    told = json.loads(told)
    os.environ.clear()
    os.environ.update(told["env"])
    os.chdir(told["cwd"])
    sys.argv = told["argv"]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _fresh_chance()
    IPKernelApp.launch_instance(sys.argv[1:], parent_handle=os.getppid())  # else read from the environment at import
    os._exit(0)


def _fresh_chance() -> None:
    """Random numbers that no other fork has: what was imported once was seeded once."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


class _Client(AsyncKernelClient):
    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """As Jupyter's own, without listening a fifth of a second longer for messages that nbclient passes over."""
        deadline = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < deadline:
            self.kernel_info()
            with suppress(Empty):
                reply = await self.get_shell_msg(timeout=1)
                if reply["msg_type"] == "kernel_info_reply":
                    await self.get_iopub_msg(timeout=0.2)  # whatever it is: what the cells show will arrive
                    self._handle_kernel_info_reply(reply)
                    return
            if not await self.is_alive():
                raise RuntimeError(DIED_EARLY)
        raise RuntimeError(f"the kernel did not respond in {timeout:g} seconds")


class ForkedKernelManager(AsyncKernelManager):
    """Jupyter's manager of a kernel, which takes the fork that waits for the process that it would have started."""

    waiting: ClassVar[WaitingKernel]
    client_factory = _Client

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.context.reconnect_ivl = 5  # milliseconds, until the kernel listens; else 100 and more
        self.kernel_id = str(uuid.uuid4())
        self.provisioner = _Provisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)


class _Provisioner(LocalProvisioner):
    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        kernel = ForkedKernelManager.waiting
        kernel.start(cmd, {**kwargs["env"], "JPY_PARENT_PID": str(os.getpid())}, kwargs.get("cwd"))
        self.process = kernel  # type: ignore[assignment]
        self.pid = self.pgid = kernel.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and wait some milliseconds for its end, for which Jupyter looks ten times a second."""
        kernel = self.process
        await super().kill(restart)
        if kernel is not None:
            kernel.wait(timeout=1)
