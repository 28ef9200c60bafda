"""What can go wrong on a kiosk, by who must act."""


class KioskError(Exception):
    """Base of all errors a kiosk raises."""


class ConfigError(KioskError, ValueError):
    """The operator must mend a setting. Names the key, the file and what was expected."""


class DeviceError(KioskError, OSError):
    """A part of the kiosk does not work: camera, disk, pins."""


class CameraError(DeviceError):
    """The camera is absent, stalled or gives no frames."""


class QueueError(DeviceError):
    """The queue could not commit; nothing was recorded."""


class QueueFull(QueueError):
    """The queue holds as many undelivered records as it may."""


class QueueDamaged(QueueError):
    """The queue's file is no sound database any more; opening it again begins a new one."""
