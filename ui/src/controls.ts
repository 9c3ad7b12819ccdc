import { Fragment, options } from 'preact';
import { visible } from './visible.ts';

/** Attributes that users read or hear. */
const READ = ['title', 'aria-label', 'aria-valuetext', 'placeholder', 'alt', 'label'] as const;

/**
 * Makes control characters visible everywhere on the page: every rendered text, and every attribute that users read,
 * goes through `visible`. Values used for searches and comparisons are unchanged.
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
