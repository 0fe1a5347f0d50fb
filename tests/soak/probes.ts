/** Counts what a process holds. To be made before anything that it should count. */

/** What a process holds, after a garbage collection. */
export interface Reading {
  readonly pid: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes of JavaScript. */
  readonly heap: number;
  /** Bytes of all instances that are alive. */
  readonly wasm: number;
  /** Instances that are alive. */
  readonly instances: number;
  /** Instances that were ever made. */
  readonly made: number;
  /** Objects of the core that JavaScript holds: cores, tokens, candidates, sessions, grants, closures. */
  readonly handles: number;
  /** JavaScript values that the core holds. */
  readonly values: number;
  /** Places for such values. */
  readonly places: number;
  /** Timers that have neither fallen due nor been called off. */
  readonly timers: number;
}

declare const gc: () => void;

export class Probes {
  #handles = 0;
  #timers = new Set<unknown>();
  #made = 0;
  #instances: WeakRef<WebAssembly.Instance>[] = [];

  constructor() {
    this.#countHandles();
    this.#countTimers();
    this.#countInstances();
  }

  async read(): Promise<Reading> {
    // The first turn may only make things unreachable that the next one takes.
    for (let turn = 0; turn < 3; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.#instances = this.#instances.filter((one) => one.deref());
    const { rss, heapUsed } = Deno.memoryUsage();
    const reading = {
      pid: Deno.pid,
      rss,
      heap: heapUsed,
      wasm: 0,
      instances: this.#instances.length,
      made: this.#made,
      handles: this.#handles,
      values: 0,
      places: 0,
      timers: this.#timers.size,
    };
    for (const one of this.#instances) {
      const { memory, __wbindgen_externrefs: table } = one.deref()?.exports ?? {};
      reading.wasm += (memory as WebAssembly.Memory).buffer.byteLength;
      const values = table as WebAssembly.Table;
      reading.places += values.length;
      for (let index = 0; index < values.length; index++) {
        if (values.get(index) != undefined) reading.values++;
      }
    }
    return reading;
  }

  /** Makes the core trap once, in the middle of a request. */
  async trap(): Promise<void> {
    const { Core } = await import("../../pkg/behest_token.js");
    // deno-lint-ignore no-explicit-any -- reaches under the types, as only an accident would
    const prototype = Core.prototype as any;
    const original = prototype.read;
    // deno-lint-ignore no-explicit-any -- the same
    prototype.read = function (this: any, ...args: unknown[]) {
      prototype.read = original;
      const pointer = this.__wbg_ptr;
      // Beyond the end of its memory.
      this.__wbg_ptr = 0x7fff_fff0;
      try {
        return original.apply(this, args);
      } finally {
        this.__wbg_ptr = pointer;
      }
    };
  }

  #countHandles(): void {
    const count = (by: number) => this.#handles += by;
    globalThis.FinalizationRegistry = class<T> extends FinalizationRegistry<T> {
      constructor(cleanup: (held: T) => void) {
        super((held) => {
          count(-1);
          cleanup(held);
        });
      }
      override register(target: WeakKey, held: T, token?: WeakKey): void {
        count(1);
        super.register(target, held, token);
      }
      override unregister(token: WeakKey): boolean {
        const found = super.unregister(token);
        if (found) count(-1);
        return found;
      }
    };
  }

  #countTimers(): void {
    const { setTimeout, clearTimeout } = globalThis;
    const pending = this.#timers;
    globalThis.setTimeout = ((then: () => void, ms?: number) => {
      const timer = setTimeout(() => {
        pending.delete(timer);
        then();
      }, ms);
      pending.add(timer);
      return timer;
    }) as typeof globalThis.setTimeout;
    globalThis.clearTimeout = (timer) => {
      pending.delete(timer);
      clearTimeout(timer);
    };
  }

  #countInstances(): void {
    const keep = (one: WebAssembly.Instance) => {
      this.#made++;
      this.#instances.push(new WeakRef(one));
    };
    WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
      construct(target, args) {
        const instance = Reflect.construct(target, args);
        keep(instance);
        return instance;
      },
    });
  }
}
