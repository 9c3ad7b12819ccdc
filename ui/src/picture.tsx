import type { CanvasHTMLAttributes, RefObject } from 'preact';

interface PictureProps extends Omit<CanvasHTMLAttributes<HTMLCanvasElement>, 'role' | 'ref'> {
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  /** px. */
  readonly height: number;
  /** What it shows, and where else that can be read. */
  readonly label: string;
}

/** A canvas with its text for screen readers. */
export function Picture({ canvas, label, ...others }: PictureProps) {
  return (
    <canvas
      ref={canvas}
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- an <img> cannot be drawn on
      role="img"
      aria-label={label}
      {...others}
    />
  );
}
