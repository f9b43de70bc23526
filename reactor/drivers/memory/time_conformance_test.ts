import { timeConformance } from "../../../testing/conformance/time.ts";
import { memoryHost } from "../../../testing/fixtures/virtual_host.ts";

const host = memoryHost();
timeConformance("InMemoryReactor", host.makeReactor, host.FakeTime);
