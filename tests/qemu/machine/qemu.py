# SPDX-License-Identifier: LGPL-2.1-or-later
"""BootSpec to a QEMU command line. Pure: nothing is opened or started here.

TCG only: the tests must run where no virtualisation is to be had, and TCG behaves alike everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .firmware import Firmware
from .spec import BootSpec

REPORT_PORT = "org.verinit.report"
STUB_CMDLINE = "io.systemd.stub.kernel-cmdline-extra="
SPARE_PORTS = 2


@dataclass(frozen=True)
class Sockets:
    """Our ends' peers: descriptors that QEMU inherits."""
    qmp: int
    serial: int
    report: int
    tpm: int = -1

    def inherited(self) -> list[int]:
        return [fd for fd in (self.qmp, self.serial, self.report, self.tpm) if fd >= 0]


@dataclass(frozen=True)
class Drive:
    path: Path
    format: str


def quote(value: object) -> str:
    """QEMU's option syntax: a comma in a value is written twice."""
    return str(value).replace(",", ",,")


def command(spec: BootSpec, sockets: Sockets, firmware: Firmware | None, drives: list[Drive],
            spares: list[Drive]) -> list[str]:
    """`drives` are plugged in, the first one is booted from; `spares` wait for plug()."""
    secure = spec.firmware_secure
    # A kernel patches its own code while its other processors run it. QEMU, with a thread for each of them, was seen to let one of them
    # take the int3 of a jump label after it had been removed again: "Kernel panic - not syncing: Fatal exception in interrupt".
    threads = "multi" if spec.cpus == 1 and not spec.icount else "single"
    return [
        "qemu-system-x86_64", "-S", "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", "q35,smm=" + ("on" if secure else "off"),
        "-accel", f"tcg,thread={threads}", "-cpu", "max", "-smp", str(spec.cpus), "-m", spec.memory,
        # A reset ends QEMU, and says so by its SHUTDOWN event: a boot is one run, unless it is to be several.
        "-action", f"reboot={'reset' if spec.reboots else 'shutdown'},shutdown=poweroff,panic=none,watchdog=none",
        "-chardev", f"socket,id=qmp,fd={sockets.qmp}", "-mon", "chardev=qmp,mode=control",
        "-chardev", f"socket,id=serial,fd={sockets.serial}", "-serial", "chardev:serial",
        "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci", "-chardev", f"socket,id=report,fd={sockets.report}",
        "-device", f"virtserialport,chardev=report,name={REPORT_PORT},id=report0",
        # A clock of its own, too: the kernel waits for that chip's next tick while it starts.
        *(["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"] if spec.icount else []),
        *_boot_source(spec, firmware),
        *_tpm(sockets),
        *_smbios(spec),
        *_fw_cfg(spec),
        *_root_ports(),
        *_disks(spec, drives, spares),
        *(word for device in spec.devices for word in ("-device", device)),
    ]


def _boot_source(spec: BootSpec, firmware: Firmware | None) -> list[str]:
    if spec.kernel is not None:
        initrd = ["-initrd", str(spec.initrd)] if spec.initrd else []
        words = "console=ttyS0" if spec.append is None else spec.append
        return ["-kernel", str(spec.kernel), *initrd, "-append", words]
    assert firmware is not None
    # Without secure=on the guest's own kernel could rewrite the Secure Boot variables past SMM.
    smm = ["-global", "driver=cfi.pflash01,property=secure,value=on",
           "-global", "ICH9-LPC.disable_s3=1"] if spec.firmware_secure else []
    return [*smm,
            "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={quote(firmware.code)}",
            "-drive", f"if=pflash,format=raw,unit=1,file={quote(firmware.vars)}"]


def _tpm(sockets: Sockets) -> list[str]:
    if sockets.tpm < 0:
        return []
    return ["-chardev", f"socket,id=tpm,fd={sockets.tpm}",
            "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"]


def _smbios(spec: BootSpec) -> list[str]:
    stub = [] if spec.smbios_cmdline is None else [STUB_CMDLINE + spec.smbios_cmdline]
    words = []
    for text in (*stub, *spec.smbios_strings):
        words += ["-smbios", f"type=11,value={quote(text)}"]
    return words


def _fw_cfg(spec: BootSpec) -> list[str]:
    words = []
    for name, path in spec.fw_cfg:
        words += ["-fw_cfg", f"name={quote(name)},file={quote(path)}"]
    return words


def _root_ports() -> list[str]:
    """q35 can hot-plug into a root port only, not into the root bus."""
    ports = []
    for i in range(SPARE_PORTS):
        ports += ["-device", f"pcie-root-port,id=spareport{i},chassis={i + 1},slot={i + 1}"]
    return ports


def _disks(spec: BootSpec, drives: list[Drive], spares: list[Drive]) -> list[str]:
    words = ["-device", "virtio-scsi-pci,id=scsi0"] if spec.bus == "virtio-scsi" else []
    for name, group in (("disk", drives), ("spare", spares)):
        for i, drive in enumerate(group):
            bad = spec.bad_sectors if name == "disk" and i == 0 else ()
            # snapshot=on: the guest may write, the file never changes.
            words += ["-drive", f"if=none,id={name}{i},format={drive.format},snapshot=on,"
                                f"cache=unsafe,{_file(drive.path, bad)}"]
    for i in range(len(drives)):
        bootindex = {} if spec.direct else {"bootindex": str(i)}
        device = {**disk_device(spec.bus, f"disk{i}", ahci_port=i), **bootindex}
        driver = device.pop("driver")
        words += ["-device", ",".join([driver, *(f"{k}={v}" for k, v in device.items())])]
    return words


def _file(path: Path, bad_sectors: tuple[int, ...]) -> str:
    """QEMU's own fault injection below the disk's format: every read that touches the sector fails."""
    if not bad_sectors:
        return f"file={quote(path)}"
    rules = [f"file.inject-error.{i}.event=read_aio,file.inject-error.{i}.sector={sector},file.inject-error.{i}.errno=5"
             for i, sector in enumerate(bad_sectors)]
    return ",".join(["file.driver=blkdebug", f"file.image.filename={quote(path)}", *rules])


def disk_device(bus: str, drive: str, *, ahci_port: int = 0) -> dict[str, str]:
    """Properties of the device that shows `drive` on that kind of bus."""
    common = {"drive": drive, "id": f"dev-{drive}"}
    return {
        "virtio-blk": {"driver": "virtio-blk-pci", **common},
        "virtio-scsi": {"driver": "scsi-hd", **common, "bus": "scsi0.0"},
        "nvme": {"driver": "nvme", **common, "serial": drive},
        "ahci": {"driver": "ide-hd", **common, "bus": f"ide.{ahci_port}"},
    }[bus]
