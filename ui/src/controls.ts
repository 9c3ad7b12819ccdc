import { Fragment, options } from 'preact';
import { visible } from './visible.ts';

/** Attributes that a person reads or hears. */
const READ = ['title', 'aria-label', 'aria-valuetext', 'placeholder', 'alt', 'label'] as const;

/**
 * From here on no text of the page has controls: each text that is put on it, and each attribute that is read, goes through `visible`. What values are
 * searched for and compared by is as it was.
 */
export function showControls(): void {
  const before = options.vnode?.bind(options);
  options.vnode = (vnode) => {
    if (typeof vnode.type === 'string' || vnode.type === Fragment) {
      const props = vnode.props as Record<string, unknown>;
      if (props['children'] !== undefined) props['children'] = shown(props['children']);
      for (const name of READ) if (typeof props[name] === 'string') props[name] = visible(props[name]);
    }
    before?.(vnode);
  };
}

function shown(children: unknown): unknown {
  if (typeof children === 'string') return visible(children);
  return Array.isArray(children) ? children.map(shown) : children;
}
