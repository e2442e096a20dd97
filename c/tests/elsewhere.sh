#!/usr/bin/env bash
# Compile the library for other processors and systems, and run its tests where QEMU can:
#   c/tests/elsewhere.sh [PYTHON]    # a Python that has ziglang, for macOS, Windows and WebAssembly
# What this machine has no compiler for is skipped by name.
set -eu
cd "$(dirname "$0")"
python=${1:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict=(-std=c99 -O2 -Wall -Wextra -Werror -pedantic -I..)

tested() { # CHANGES PROGRAM...: the tests pass with each student and this number of changed copies
    local student changes=$1
    shift
    for student in mel waveform bytes; do
        "$@" $student.mrt "$changes" >"$work/log" 2>&1 || { cat "$work/log" >&2 && return 1; }
    done
    head -n 1 "$work/log"
}

cc "${strict[@]}" -g -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all \
    test_marotte.c ../marotte.c -o "$work/sanitized"
tested 100 "$work/sanitized"
cc "${strict[@]}" -O1 -DMAROTTE_NO_SIMD -fsanitize=undefined,float-cast-overflow \
    -fno-sanitize-recover=all test_marotte.c ../marotte.c -o "$work/plain"
tested 300 "$work/plain" # these sums are C of their own

while read -r machine compiler emulator; do
    if command -v "$compiler" >/dev/null && command -v "$emulator" >/dev/null; then
        "$compiler" "${strict[@]}" -static test_marotte.c ../marotte.c -o "$work/$machine"
        answer=$(tested 5 "$emulator" "$work/$machine")
        echo "$machine: $answer"
    else
        echo "SKIPPED $machine: no $compiler or $emulator here"
    fi
done <<END
aarch64 aarch64-linux-gnu-gcc qemu-aarch64
armhf arm-linux-gnueabihf-gcc qemu-arm
riscv64 riscv64-linux-gnu-gcc qemu-riscv64
END

if command -v x86_64-w64-mingw32-gcc >/dev/null; then
    x86_64-w64-mingw32-gcc "${strict[@]}" test_marotte.c ../marotte.c -o "$work/windows.exe"
    echo "MinGW: compiled"
else
    echo "SKIPPED MinGW: no x86_64-w64-mingw32-gcc here"
fi

if "$python" -m ziglang version >/dev/null 2>&1; then
    for target in aarch64-macos x86_64-macos x86_64-windows-gnu aarch64-windows-gnu; do
        "$python" -m ziglang cc -target "$target" "${strict[@]}" -c ../marotte.c -o "$work/$target.o"
    done
    headers=(-I ../../integrations/web/freestanding -D__MM_MALLOC_H) # Microsoft's are not here
    for target in x86_64-windows-msvc aarch64-windows-msvc; do
        "$python" -m ziglang cc -target "$target" "${strict[@]}" "${headers[@]}" -c ../marotte.c -o "$work/$target.o"
    done
    "$python" -m ziglang cc -target wasm32-freestanding "${strict[@]}" -msimd128 "${headers[@]}" \
        -c ../marotte.c -o "$work/wasm.o"
    echo "macOS, Windows and WebAssembly: compiled by zig"
else
    echo "SKIPPED macOS, Windows and WebAssembly: no ziglang for $python"
fi
