import { udpConformance } from "../../../testing/conformance/udp.ts";
import { memoryHost } from "../../../testing/fixtures/virtual_host.ts";

const host = memoryHost();
udpConformance("InMemoryReactor", host.makeReactor, host.bindRawPeer);
