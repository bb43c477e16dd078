SELECT 'from another file';
