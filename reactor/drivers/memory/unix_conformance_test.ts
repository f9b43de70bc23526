import { streamConformance } from "../../../testing/conformance/stream.ts";
import { MemoryHost } from "../../../testing/fixtures/memory_host.ts";

const host = new MemoryHost();
streamConformance(host.unix("InMemoryReactor UNIX"));
