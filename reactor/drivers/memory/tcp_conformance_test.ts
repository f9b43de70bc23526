import { tcpConformance } from "../../../testing/conformance/tcp.ts";
import { memoryHost } from "../../../testing/fixtures/virtual_host.ts";

const host = memoryHost();
tcpConformance("InMemoryReactor", host.makeReactor, host.tcp(), host.rawTCP);
