"""Receive frames of `marotte live -o maya` in Maya and move a character's blendshapes.

In Maya's script editor (Python), with a blendShape node selected or named:

    import sys; sys.path.append("FOLDER OF THIS FILE")
    import maya_receiver
    maya_receiver.start("blendShape1")     # the node, or several: start("head", "teeth")
    maya_receiver.stop()

Attributes are found by name, with or without a prefix ("jawOpen", "head_jawOpen", "JawOpen"). With
`head="head_ctrl"` the head's yaw, pitch and roll move that node's rotateY, rotateX and rotateZ.
`record=True` sets a key for every frame that arrives. The script runs in Maya's Python 3 and needs
no other package.
"""

import json
import math
import socket
import threading

import maya.cmds as cmds
import maya.utils

PORT = 7007

_running = None


def start(*nodes, port=PORT, host="127.0.0.1", head=None, record=False):
    """Apply the frames that arrive at a port; an earlier receiver is stopped first."""
    global _running
    stop()
    _running = Receiver(nodes or tuple(cmds.ls(selection=True) or ()), host, port, head, record)
    print(f"marotte: {len(_running.attributes)} attributes are waiting for frames on port {port}")
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
        self.head, self.record = head, record
        self.attributes = [
            (_plain(name), f"{node}.{name}")
            for node in nodes
            for name in cmds.listAttr(node + ".w", multi=True) or ()
        ]
        self.attributes_by_name = {}
        self.newest, self.scheduled = None, False
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
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
                content = self.socket.recv(65535)
                frame = json.loads(content.decode("utf-8"))
                controls = dict(frame["controls"])
            except (OSError, ValueError, KeyError, TypeError):
                continue  # a timeout, or a datagram that is not a frame
            with self.lock:
                self.newest = (controls, frame.get("head", (0.0, 0.0, 0.0)), frame.get("time_s", 0))
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
        changes = [
            (attribute, value) for name, value in controls.items() for attribute in self._find(name)
        ]
        if self.head:
            for axis, angle in (("Y", yaw), ("X", pitch), ("Z", roll)):
                changes.append((self.head + ".rotate" + axis, math.degrees(angle)))
        for attribute, value in changes:
            cmds.setAttr(attribute, value)
            if self.record:
                cmds.setKeyframe(attribute, time=f"{time_s:f}sec")

    def _find(self, name):
        if name not in self.attributes_by_name:
            end = _plain(name)
            self.attributes_by_name[name] = [
                full for plain, full in self.attributes if plain.endswith(end)
            ]
        return self.attributes_by_name[name]


def _plain(name):
    return name.replace("_", "").lower()
