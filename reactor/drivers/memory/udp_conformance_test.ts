import { udpConformance } from "../../../testing/conformance/udp.ts";
import { MemoryHost } from "../../../testing/fixtures/memory_host.ts";

const host = new MemoryHost();
udpConformance("InMemoryReactor", host.makeReactor, host.bindRawPeer);
