"""Compiles every .cu file of a folder to machine code for sm_90a with NVRTC, which needs no GPU and no driver.

Usage: compile.py FOLDER

Prints one line per file, registers and spills among them, and exits with 1 if one does not compile.
Needs the packages of requirements.txt.
"""

import concurrent.futures
import ctypes
import pathlib
import re
import sys

import nvidia.cu13

TOOLKIT = pathlib.Path(list(nvidia.cu13.__path__)[0])
OPTIONS = [
    "--gpu-architecture=sm_90a",
    f"--include-path={TOOLKIT / 'include'}",
    f"--include-path={TOOLKIT / 'include' / 'cccl'}",
    "--ptxas-options=-v",
]
# NVRTC looks for its builtins by name only; what is loaded already is found.
BUILTINS = [ctypes.CDLL(str(path)) for path in (TOOLKIT / "lib").glob("libnvrtc-builtins.so.*")]
NVRTC = ctypes.CDLL(str(TOOLKIT / "lib" / "libnvrtc.so.13"))


def checked(code: int) -> None:
    if code != 0:
        NVRTC.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise RuntimeError(NVRTC.nvrtcGetErrorString(code).decode())


def log_of(program: ctypes.c_void_p) -> str:
    size = ctypes.c_size_t()
    checked(NVRTC.nvrtcGetProgramLogSize(program, ctypes.byref(size)))
    log = ctypes.create_string_buffer(size.value)
    checked(NVRTC.nvrtcGetProgramLog(program, log))
    return log.value.decode(errors="replace")


def compile_file(path: pathlib.Path) -> tuple[bool, str]:
    program = ctypes.c_void_p()
    source, name = path.read_bytes(), path.name.encode()
    checked(NVRTC.nvrtcCreateProgram(ctypes.byref(program), source, name, 0, None, None))
    options = (ctypes.c_char_p * len(OPTIONS))(*(option.encode() for option in OPTIONS))
    code = NVRTC.nvrtcCompileProgram(program, len(OPTIONS), options)
    log = log_of(program)
    size = ctypes.c_size_t()
    if code == 0:
        checked(NVRTC.nvrtcGetCUBINSize(program, ctypes.byref(size)))
    checked(NVRTC.nvrtcDestroyProgram(ctypes.byref(program)))
    if code != 0 or size.value == 0:
        return False, f"{path.name}: FAILED\n{log}"
    used = re.search(r"Used (\d+) registers", log)
    spilled = re.search(r"(\d+) bytes spill stores", log)
    facts = [f"{match.group(1)} {what}" for match, what in [(used, "registers"), (spilled, "bytes spilled")] if match]
    return True, f"{path.name}: {size.value} bytes of machine code, {', '.join(facts)}"


def main() -> int:
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.cu"))
    if not paths:
        print("nothing to compile", file=sys.stderr)
        return 1
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(compile_file, paths))
    for _, line in results:
        print(line)
    return 0 if all(ok for ok, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
