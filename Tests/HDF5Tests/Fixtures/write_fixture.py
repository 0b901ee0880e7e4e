"""Writes h5py.h5, what other people's HDF5 files look like: `python write_fixture.py` (h5py 3, numpy)."""

import os

import h5py
import numpy

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "h5py.h5")
with h5py.File(path, "w") as file:
    file.attrs["text"] = "Grüße, 世界"
    file.attrs["fixed"] = numpy.bytes_("ten bytes!")
    file.attrs["yes"] = True
    file.attrs["no"] = numpy.bool_(False)
    file.attrs["int"] = 7
    file.attrs["float"] = 0.1
    file.attrs["half"] = numpy.float16(0.5)
    file.attrs["names"] = ["a", "", "ccc"]
    file.attrs["shape"] = numpy.array([2, 3], "i4")
    file.attrs["empty"] = h5py.Empty("f")
    file["scalar"] = numpy.float32(2.5)
    file["a/b/matrix"] = numpy.arange(6, dtype="i8").reshape(2, 3)
    file["big"] = numpy.array([1, 1 << 40], "i8")
    file["fractions"] = numpy.array([1.0, 2.5])
    file["big_endian"] = numpy.array([1, 258], ">i4")
    file["flags"] = numpy.array([True, False, True])
    file["words"] = numpy.array(["x", "é", ""], dtype=h5py.string_dtype())
    file["fixed_words"] = numpy.array([b"ab", b"abcd"], "S4")
    file["latin"] = numpy.array([b"\xe9"], "S1")
    file["packed"] = h5py.Empty("i4")
    file["record"] = numpy.zeros(2, [("a", "i4"), ("b", "f8")])
    file.create_dataset("compressed", data=numpy.arange(1000, dtype="u2"), chunks=(100,),
                        compression="gzip", shuffle=True)
    file["dangling"] = h5py.SoftLink("/nowhere")
