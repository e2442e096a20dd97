"""Maya's side of `marotte live --out maya`: a character's blendshapes follow the voice.

In Maya's script editor (Python), with a blendShape node selected or named:

    import sys; sys.path.append("FOLDER OF THIS FILE")
    import maya_receiver
    maya_receiver.start("blendShape1")     # the node, or several: start("head", "teeth")
    maya_receiver.stop()

Attributes are found by name, with or without a prefix ("jawOpen", "head_jawOpen", "JawOpen"). With
`head="head_ctrl"` the head's yaw, pitch and roll go to that node's rotateY, rotateX and rotateZ.
`record=True` sets a key on every frame that arrives. It needs nothing that Maya has not, and runs
in Maya's own Python 3.
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
    """Follow the frames that come to a port, in place of any that were followed before."""
    global _running
    stop()
    _running = Receiver(nodes or tuple(cmds.ls(selection=True) or ()), host, port, head, record)
    print(f"marotte: {len(_running.attributes)} attributes wait for frames on port {port}")
    return _running


def stop():
    """Follow no more."""
    global _running
    if _running:
        _running.close()
    _running = None


class Receiver:
    """Keeps the newest frame from a thread of its own; Maya's thread sets the attributes."""

    def __init__(self, nodes, host, port, head=None, record=False):
        if not nodes:
            raise ValueError("name a blendShape node: start('blendShape1')")
        self.head, self.record = head, record
        self.attributes = [
            (_plain(name), f"{node}.{name}")
            for node in nodes
            for name in cmds.listAttr(node + ".w", multi=True) or ()
        ]
        self.named = {}
        self.newest, self.asked = None, False
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.socket.settimeout(0.2)
        self.open = True
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self):
        """Give the port back."""
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
                continue  # nothing came, or no frame
            with self.lock:
                self.newest = (controls, frame.get("head", (0.0, 0.0, 0.0)), frame.get("time_s", 0))
                if self.asked:
                    continue  # Maya has not shown the frame before yet: that one is dropped
                self.asked = True
            maya.utils.executeDeferred(self._show)

    def _show(self):
        with self.lock:
            newest, self.asked = self.newest, False
        if newest is None or not self.open:
            return
        controls, (yaw, pitch, roll), time_s = newest
        changes = [
            (attribute, value)
            for name, value in controls.items()
            for attribute in self._named(name)
        ]
        if self.head:
            for axis, angle in (("Y", yaw), ("X", pitch), ("Z", roll)):
                changes.append((self.head + ".rotate" + axis, math.degrees(angle)))
        for attribute, value in changes:
            cmds.setAttr(attribute, value)
            if self.record:
                cmds.setKeyframe(attribute, time=f"{time_s:f}sec")

    def _named(self, name):
        if name not in self.named:
            end = _plain(name)
            self.named[name] = [full for plain, full in self.attributes if plain.endswith(end)]
        return self.named[name]


def _plain(name):
    return name.replace("_", "").lower()
