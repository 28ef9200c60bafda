"""Lets picamera2 work on libcamera's `virtual` pipeline, on a machine without camera or dma-buf.

Three things a Raspberry Pi has and this pipeline or machine has not: the KMS++ binding that
picamera2 imports for its screen preview, a raw stream to ask the sensor's modes from, and a heap of
dma-bufs for the frames. Everything else is the packages' own code. Import before picamera2 is used.
"""

import mmap
import os
import sys
from types import ModuleType
from typing import Any

import libcamera


class _Anything:
    """Stands for a name of which only its existence counts."""

    def __getattr__(self, name: str) -> str:
        return name


_kms: Any = ModuleType("pykms")
_kms.PixelFormat = _kms.PlaneType = _Anything()
sys.modules.setdefault("pykms", _kms)

import picamera2.picamera2 as implementation  # noqa: E402 (needs pykms first)
from picamera2 import Picamera2  # noqa: E402 (needs pykms first)
from picamera2.allocators.allocator import Allocator, Sync  # noqa: E402 (needs pykms first)


class MemoryAllocator(Allocator):  # type: ignore[misc]
    """Frames in anonymous memory files, two planes each: brightness, then colour (NV12)."""

    def __init__(self) -> None:
        super().__init__()
        self._files: list[int] = []
        self._memory: dict[Any, mmap.mmap] = {}
        self._frames: dict[Any, list[Any]] = {}
        self.sync = lambda _allocator, frame, _write: MemorySync(self._memory[frame])

    def allocate(self, libcamera_config: Any, _use_case: Any) -> None:
        self.close()
        for stream in libcamera_config:
            self._frames[stream.stream] = [self._frame(stream) for _ in range(stream.buffer_count)]

    def _frame(self, stream: Any) -> Any:
        file = os.memfd_create("frame")
        self._files.append(file)
        os.ftruncate(file, stream.frame_size)
        luma_bytes = stream.stride * stream.size.height
        planes = []
        for offset, length in ((0, luma_bytes), (luma_bytes, luma_bytes // 2)):
            plane = libcamera.FrameBuffer.Plane()
            plane.fd, plane.offset, plane.length = file, offset, length
            planes.append(plane)
        frame = libcamera.FrameBuffer(planes)
        self._memory[frame] = mmap.mmap(file, stream.frame_size)
        return frame

    def buffers(self, stream: Any) -> Any:
        return self._frames[stream]

    def acquire(self, buffers: Any) -> None: ...

    def release(self, buffers: Any) -> None: ...

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = []
        self._frames = {}
        self._memory = {}


class MemorySync(Sync):  # type: ignore[misc]
    """Memory needs no synchronising with a device."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    def __enter__(self) -> mmap.mmap:
        return self._memory

    def __exit__(self, *_error: object) -> None: ...

    def get_buffer(self) -> mmap.mmap:
        return self._memory


def _modes(camera: Any) -> list[dict[str, Any]]:
    """The modes of a camera that has no raw stream: what it shows."""
    shown = camera.camera.generate_configuration([libcamera.StreamRole.Viewfinder]).at(0)
    return [{"format": str(shown.pixel_format), "size": (shown.size.width, shown.size.height)}]


Picamera2._get_raw_modes = _modes
implementation.DmaAllocator = MemoryAllocator
