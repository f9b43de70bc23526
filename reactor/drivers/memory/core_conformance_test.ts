import { coreConformance } from "../../../testing/conformance/core.ts";
import { MemoryHost } from "../../../testing/fixtures/memory_host.ts";

const host = new MemoryHost();
coreConformance("InMemoryReactor", host.makeReactor, host.FakeTime);
