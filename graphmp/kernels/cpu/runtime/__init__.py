"""Compilation of loops, their cache on disk, threads and memory.

Files:
    compilation: What accompanies a compilation: a line that says so.
    disk_cache: Compiled loops on disk, loaded without starting the compiler.
    half: Whether the CPU converts float16.
    jit: How a loop is compiled.
    memory: Large results on large pages, reused when freed.
    threads: Row ranges on worker threads.
"""
