"""Receive frames of `marotte live -o maya` in Maya and move a character's blendshapes."""

import json
import math
import socket
import threading

import maya.cmds as cmds
import maya.utils

from . import names

PORT = 7007

_running = None


def start(*nodes, port=PORT, host="127.0.0.1", head=None, record=False):
    """Apply the frames that arrive at a port; an earlier receiver is stopped first.

    Args:
        nodes: blendShape nodes; none: what is selected.
        port: the UDP port.
        host: the address to listen at; "0.0.0.0" also takes frames from other machines.
        head: a node whose rotateY, rotateX and rotateZ follow the head's yaw, pitch and roll.
        record: whether to set a key for each frame.

    Raises:
        ValueError: no node is named, or the port is in use.
    """
    global _running
    stop()
    _running = Receiver(nodes or tuple(cmds.ls(selection=True) or ()), host, port, head, record)
    print(f"marotte: frames on port {port} move {', '.join(_running.nodes)}")
    return _running


def stop():
    """Stop applying frames."""
    global _running
    if _running:
        _running.close()
    _running = None


class Receiver:
    """Receives frames in a thread and keeps the newest; Maya's main thread sets the attributes."""

    def __init__(self, nodes, host, port, head=None, record=False):
        if not nodes:
            raise ValueError("name a blendShape node: start('blendShape1')")
        self.nodes, self.head, self.record = nodes, head, record
        self.matched = {}
        self.known = frozenset()
        self.newest, self.scheduled = None, False
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((host, port))
        except OSError as error:
            self.socket.close()
            raise ValueError(
                f"UDP port {port} can't be opened ({error.strerror or error}): close the other "
                "program that listens there, or pass port="
            ) from error
        self.socket.settimeout(0.2)
        self.open = True
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self):
        """Stop the thread and close the port."""
        self.open = False
        self.thread.join()
        self.socket.close()

    def _listen(self):
        while self.open:
            try:
                frame = read_frame(self.socket.recv(65535))
            except OSError:  # a timeout
                continue
            if frame is None:
                continue
            with self.lock:
                self.newest = frame
                if self.scheduled:
                    continue  # Maya has not shown the previous frame yet: it is dropped
                self.scheduled = True
            maya.utils.executeDeferred(self._show)

    def _show(self):
        with self.lock:
            newest, self.scheduled = self.newest, False
        if newest is None or not self.open:
            return
        controls, (yaw, pitch, roll), time_s = newest
        self._match(controls)
        changes = [
            (attribute, value)
            for name, value in controls.items()
            for attribute in self.matched.get(name, ())
        ]
        if self.head:
            for axis, angle in (("Y", yaw), ("X", pitch), ("Z", roll)):
                changes.append((self.head + ".rotate" + axis, math.degrees(angle)))
        for attribute, value in changes:
            cmds.setAttr(attribute, value)
            if self.record:
                cmds.setKeyframe(attribute, time=f"{time_s:f}sec")

    def _match(self, controls):
        """Look the names up when they change, and say once which move nothing."""
        if self.known == controls.keys():
            return
        self.known = frozenset(controls)
        self.matched, missing = names.attributes(self.nodes, controls, targets)
        if missing:
            print(f"marotte: no target for {', '.join(missing)}")


def read_frame(content):
    """Return the controls, the head's yaw, pitch and roll, and the time; None if it is no frame.

    Example:
        >>> read_frame(b'{"controls": {"jawOpen": 0.5}, "time_s": 2}')
        ({'jawOpen': 0.5}, (0.0, 0.0, 0.0), 2.0)
    """
    try:
        fields = json.loads(content.decode("utf-8"))
        controls = {name: 1.0 * value for name, value in fields["controls"].items()}
        yaw, pitch, roll = (1.0 * angle for angle in fields.get("head", (0, 0, 0)))
        time_s = 1.0 * fields.get("time_s", 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    numbers = (*controls.values(), yaw, pitch, roll, time_s)
    return (controls, (yaw, pitch, roll), time_s) if all(map(math.isfinite, numbers)) else None


def targets(node):
    """Return the names of a blendShape node's targets.

    Raises:
        ValueError: it is not a blendShape node.
    """
    try:
        return cmds.listAttr(node + ".w", multi=True) or []
    except (RuntimeError, ValueError):
        raise ValueError(f"{node} is not a blendShape node: name one, e.g. 'blendShape1'") from None
