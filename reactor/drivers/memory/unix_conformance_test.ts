import { streamConformance } from "../../../testing/conformance/stream.ts";
import { memoryHost } from "../../../testing/fixtures/virtual_host.ts";

const host = memoryHost();
streamConformance(host.unix("InMemoryReactor UNIX"));
