import { assertEquals } from "@std/assert";
import { MARK } from "./phases.ts";
import { callsOfPhases } from "./trace.ts";

Deno.test("callsOfPhases() counts calls up to each mark, without waits and wake-ups", () => {
  const trace = [
    '10 recvfrom(9, "x", 64, 0, NULL, NULL) = 64',
    '10 sendto(9, "x", 64, MSG_NOSIGNAL, NULL, 0 <unfinished ...>',
    "11 futex(0x7f, FUTEX_WAIT, 1, NULL) = 0",
    "10 <... sendto resumed>) = 64",
    "10 epoll_pwait2(4, [], 64, NULL, NULL, 8) = 1",
    '11 write(5, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8',
    "11 read(5, 0x7ffd, 8) = 8",
    "10 io_uring_enter(6, 2, 0, 0, NULL, 6) = 2",
    '10 read(8, "\\6", 1) = 1',
    "10 read(8, 0x5626, 1) = -1 EAGAIN (Resource temporarily unavailable)",
    `10 statx(AT_FDCWD, "${MARK}", 0, 0, 0x7f) = -1 ENOENT`,
    '10 write(9, "12345678\\n", 9) = 9',
    `10 statx(AT_FDCWD, "${MARK}", 0, 0, 0x7f) = -1 ENOENT`,
    "10 close(9) = 0",
  ].join("\n");
  assertEquals(callsOfPhases(trace).map((calls) => Object.fromEntries(calls)), [
    { recvfrom: 1, sendto: 1 },
    { write: 1 },
  ]);
});
