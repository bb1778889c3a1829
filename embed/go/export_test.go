// What tests see of a component's inside.

package mergesync

// MemorySize is the memory of the instances that nobody uses, in bytes.
func (c *Component) MemorySize() (size uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, instance := range c.idle {
		size += instance.memory.Size()
	}
	return size
}
