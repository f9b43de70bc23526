import { coreConformance } from "../../../testing/conformance/core.ts";
import { memoryHost } from "../../../testing/fixtures/virtual_host.ts";

const host = memoryHost();
coreConformance("InMemoryReactor", host.makeReactor, host.FakeTime);
