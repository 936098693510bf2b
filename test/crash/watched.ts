// An object as it is, but for a few methods. So the crash run reaches into a store and a session from outside: the
// product has no switch for dying.

/** Methods of `target` run on `target` itself, whatever private fields they use. */
export function watched<Target extends object>(target: Target, overrides: Partial<Target>): Target {
  return new Proxy(target, {
    get(_target, key) {
      if (Object.hasOwn(overrides, key)) return Reflect.get(overrides, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value;
    },
    set: (_target, key, value) => Reflect.set(target, key, value, target),
  });
}
