import { tcpConformance } from "../../../testing/conformance/tcp.ts";
import { MemoryHost } from "../../../testing/fixtures/memory_host.ts";

const host = new MemoryHost();
tcpConformance("InMemoryReactor", host.makeReactor, host.tcp(), host.rawTCP);
