import { Button, createTheme, Menu, Modal, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';

/** Sizes and defaults of components. The colors are in `styles/theme.css`. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 8 },
  fontFamily: 'system-ui, sans-serif',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'xs' } }),
    NativeSelect: NativeSelect.extend({ defaultProps: { size: 'xs' } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: 'xs', transitionDuration: 0 } }),
    Menu: Menu.extend({ defaultProps: { position: 'bottom-end', shadow: 'md', transitionProps: { duration: 0 } } }),
    // Mantine's lock of the page behind a dialog writes a <style>. styles/layout.css locks it instead.
    ModalRoot: Modal.Root.extend({ defaultProps: { lockScroll: false, centered: true, transitionProps: { duration: 0 } } }),
  },
});
