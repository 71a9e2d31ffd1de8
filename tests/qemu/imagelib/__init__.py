# SPDX-License-Identifier: LGPL-2.1-or-later
"""The node image: stock Debian trixie with a verified /usr, and the disks and UKIs that boot it."""

from .image import Image, load

__all__ = ["Image", "load"]
