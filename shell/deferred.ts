/** A promise that is settled from outside and whose rejection nobody has to handle. */
export class Deferred<T> {
  /** The promise; one that rejects counts as handled. */
  readonly promise: Promise<T>;
  #resolve!: (value: T | PromiseLike<T>) => void;
  #reject!: (reason: unknown) => void;

  /** Makes a promise that waits. */
  constructor() {
    // Not `Promise.withResolvers`, which Node has from version 22 on only.
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Settles it well; later calls do nothing. */
  resolve(value: T | PromiseLike<T>): void {
    this.#resolve(value);
  }

  /** Settles it badly; later calls do nothing. The handler is only attached now, so that success costs nothing. */
  reject(reason: unknown): void {
    this.promise.catch(ignore);
    this.#reject(reason);
  }
}

/** Does nothing with what it is given. */
export function ignore(): void {}

/** A promise of nothing that is fulfilled already, for all to share. */
export const FULFILLED: Promise<undefined> = Promise.resolve(undefined);

/** A rejected promise that counts as handled. */
export function rejected<T>(reason: unknown): Promise<T> {
  return handled(Promise.reject<T>(reason));
}

/** The same promise, whose rejection may be ignored. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}
